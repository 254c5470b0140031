import { Component, type ComponentChildren } from 'preact';
import { messageOf } from '../ui/format.ts';

/** Keeps what goes wrong in one panel from taking the page with it. */
export class Boundary extends Component<{ children: ComponentChildren }, { error: unknown }> {
  override state = { error: null };

  override componentDidCatch(error: unknown): void {
    this.setState({ error });
  }

  override render() {
    const { error } = this.state;
    return error ? <p class="error">{messageOf(error)}</p> : this.props.children;
  }
}
