export function Race() {
  return <p>Soon.</p>;
}
