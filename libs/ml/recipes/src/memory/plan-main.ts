// A program of its own: plans the run or the serving that its argument names as JSON, and prints the plan as JSON. Whoever may not
// load the native library, or must not die with it, asks this one.
import { asHoneError } from '@hone/base';
import { chooseDevice } from '@hone/tensor';
import { planRun, planServing, type PlanRequest } from './plan-run.js';

type Request = { folder: string } & ({ train: PlanRequest } | { serve: Parameters<typeof planServing>[1] });

try {
  const request = JSON.parse(process.argv[2] ?? '{}') as Request;
  // The device that the services of this machine compute on.
  const { device } = chooseDevice();
  const plan =
    'train' in request
      ? planRun(request.folder, { device, ...request.train })
      : planServing(request.folder, { device, ...request.serve });
  console.log(JSON.stringify({ plan }));
} catch (thrown) {
  console.log(JSON.stringify({ error: asHoneError(thrown).toJSON() }));
}
