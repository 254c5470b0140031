export function Latent() {
  return <p>Soon.</p>;
}
