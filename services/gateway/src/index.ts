export { gatewayService } from './gateway.js';
export { keyDigest } from './http/keys.js';
