import { createUser } from '@nats-io/nkeys';

/** A service's identity: the server knows the public key, the service alone the seed. */
export interface Nkey {
  publicKey: string;
  seed: string;
}

export function makeNkey(): Nkey {
  const pair = createUser();
  return { publicKey: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) };
}
