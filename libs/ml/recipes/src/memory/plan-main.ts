// A program of its own: plans the run or the serving that its argument names as JSON, and prints the plan as JSON. Whoever may not
// load the native library, or must not die with it, asks this one.
import { asHoneError } from '@hone/base';
import { planRun, planServing, type PlanRequest } from './plan-run.js';

type Request = { folder: string } & ({ train: PlanRequest } | { serve: Parameters<typeof planServing>[1] });

try {
  const request = JSON.parse(process.argv[2] ?? '{}') as Request;
  const plan = 'train' in request ? planRun(request.folder, request.train) : planServing(request.folder, request.serve);
  console.log(JSON.stringify({ plan }));
} catch (thrown) {
  console.log(JSON.stringify({ error: asHoneError(thrown).toJSON() }));
}
