/**
 * The port to a payment provider: whether it stands behind a notification (L4), and the adapter for a shared secret.
 *
 * Boundary: looks at raw bytes and headers. It is asked before the body is read, so nothing unconfirmed is even parsed.
 *
 * Invariants:
 *  1. Only `confirmed` lets a payment be recorded.
 *  2. Signatures are compared in constant time, over the raw body.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface PaymentNotification {
  readonly rawBody: Buffer;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface PaymentVerifier {
  /** Rejects when the provider cannot be asked; the notification is then to be sent again. */
  verify(notification: PaymentNotification): Promise<'confirmed' | 'signature_invalid'>;
}

const SIGNATURE_HEADER = 'x-payment-signature';
const SIGNATURE = /^(?:sha256=)?([0-9a-f]{64})$/i;

/** Confirms what is signed with HMAC-SHA256 under a secret that only the provider and we know. */
export class SharedSecretVerifier implements PaymentVerifier {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  async verify({ rawBody, headers }: PaymentNotification): Promise<'confirmed' | 'signature_invalid'> {
    const header = headers[SIGNATURE_HEADER];
    const hex = typeof header === 'string' ? SIGNATURE.exec(header.trim())?.[1] : undefined;
    if (hex === undefined) return 'signature_invalid';
    const expected = createHmac('sha256', this.#secret).update(rawBody).digest();
    return timingSafeEqual(expected, Buffer.from(hex, 'hex')) ? 'confirmed' : 'signature_invalid';
  }
}
