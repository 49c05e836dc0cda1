import { describe, expect, it } from '@jest/globals';
import { createUser, fromPublic, fromSeed } from '@nats-io/nkeys';
import { newUserSeed, publicKeyOf } from './nkey.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('nkeys made here', () => {
  it('are read by the official library, which finds the same public key', () => {
    const seed = newUserSeed();
    expect(seed).toMatch(/^SU[A-Z2-7]{56}$/);
    expect(fromSeed(bytes(seed)).getPublicKey()).toBe(publicKeyOf(seed));
  });

  it('sign what their public key verifies', () => {
    const seed = newUserSeed();
    const signature = fromSeed(bytes(seed)).sign(bytes('nonce'));
    expect(fromPublic(publicKeyOf(seed)).verify(bytes('nonce'), signature)).toBe(true);
  });

  it('agree with a key that the official library made', () => {
    const user = createUser();
    expect(publicKeyOf(new TextDecoder().decode(user.getSeed()))).toBe(user.getPublicKey());
  });
});
