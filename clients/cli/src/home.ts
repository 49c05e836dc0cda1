import { chmodSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkout } from './checkout.js';

/** Where everything of one mesh lies; HONE_HOME, or `.hone` in the checkout. */
export class Home {
  readonly root: string;

  constructor(root: string = process.env['HONE_HOME'] || join(checkout, '.hone')) {
    this.root = resolve(root);
  }

  get apiKeyFile(): string {
    return join(this.root, 'api-key');
  }
  get keysFile(): string {
    return join(this.root, 'keys.json');
  }
  get nkeys(): string {
    return join(this.root, 'nkeys');
  }
  get natsConfig(): string {
    return join(this.root, 'nats.conf');
  }
  get natsStore(): string {
    return join(this.root, 'nats');
  }
  get logs(): string {
    return join(this.root, 'logs');
  }
  get traces(): string {
    return join(this.root, 'traces');
  }
  get stateFile(): string {
    return join(this.root, 'state.json');
  }
  log(name: string): string {
    return join(this.logs, `${name}.log`);
  }

  /** Makes the folders; keys lie here, so nobody else on the machine may look in. */
  create(): void {
    for (const folder of [this.root, this.nkeys, this.natsStore, this.logs, this.traces])
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(this.root, 0o700);
  }
}
