// A message: what is sent, and what the outbox keeps of it.
export interface Message {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  /** Which kind of message it is, as `verify_email`. */
  readonly template?: string;
  /** The links of the text, for people and tests that read the outbox. */
  readonly links?: readonly string[];
}

export interface StoredMessage extends Message {
  readonly path: string;
  readonly created_at: string;
}
