import { z } from 'zod';

/** What the gateway can be told beside the platform's settings; `port` is HONE_GATEWAY_PORT. */
export const gatewaySettings = z.object({
  port: z.int().min(0).max(65_535).default(11435),
  host: z.string().default('127.0.0.1'),
  /** The file with the sha256 of every accepted key, which `hone up` makes. */
  keyFile: z.string().min(1),
  /** Host names beside the loopback ones that a request may name in Host and Origin. */
  hosts: z.array(z.string().min(1)).default([]),
  /** Requests in work at the same time; the next one is answered with 429. */
  requestsMax: z.int().min(1).default(512),
});

export type GatewaySettings = z.output<typeof gatewaySettings>;
