import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServiceName } from '@hone/contracts';

/** The checkout that this CLI was built in; `dist` and `src` lie equally deep. */
export const checkout = join(dirname(fileURLToPath(import.meta.url)), '../../..');

export const serviceMain = (service: ServiceName): string => join(checkout, 'services', service, 'dist/main.js');
export const prepareBusMain = join(checkout, 'libs/platform/service-kit/dist/prepare-bus.js');
export const nativeProbeMain = join(checkout, 'libs/ml/native/dist/probe.js');
export const cardProbeMain = join(checkout, 'libs/ml/native/dist/probe-card.js');
export const cudaLibrary = join(checkout, 'native/build/cuda/libhone_cuda.so');
export const memoryPlanMain = join(checkout, 'libs/ml/recipes/dist/memory/plan-main.js');
export const bundledModel = { name: 'hone-tiny', folder: join(checkout, 'examples/hone-tiny') };
export const supportDesk = join(checkout, 'examples/support-desk');
