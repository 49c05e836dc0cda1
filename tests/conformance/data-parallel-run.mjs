// One process of a data-parallel run, or the whole run where no mpiexec started it. Started by data-parallel.test.ts with the folder
// of a base, where to write the adapter, and arguments; prints the loss of every step.
import { datasetOf, prepareTraining, sft, trainingSettings } from '@hone/recipes';
import { saveAdapter } from '@hone/models';
import { ProcessGroup } from '@hone/tensor';

const [folder, output, args, isGroup] = process.argv.slice(2);
const settings = trainingSettings(JSON.parse(args), 'lora');
const rows = Array.from({ length: 20 }, (_, row) => ({
  tokens: Array.from({ length: 6 + (row % 9) }, (_, at) => 2 + ((row * 7 + at * 5) % 50)),
}));
const { model, adapter } = prepareTraining(folder, settings);
const group = isGroup === 'group' ? ProcessGroup.overMpi() : undefined;
const losses = [];
const observer = { onStep: ({ loss, tokenAccuracy, gradNorm }) => losses.push({ loss, tokenAccuracy, gradNorm }) };
await sft({ model, adapter, source: folder, train: datasetOf(rows), settings, observer, group });
saveAdapter(adapter, `${output}-${group?.rank ?? 0}`, { baseName: 'base' });
if ((group?.rank ?? 0) === 0) console.log(JSON.stringify({ size: group?.size ?? 1, losses }));
group?.leave();
