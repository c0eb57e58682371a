/** Starts a stack on the folder it is given and holds it until it is killed: the parent in a test of orphans. */
import { startStack } from '../../infra/embedded/stack.ts';

const [stateDir = ''] = process.argv.slice(2);
const stack = await startStack({ stateDir, env: {} });
console.log('ready');
process.once('SIGTERM', () => {
  void stack.stop().then(() => process.exit(0));
});
