/**
 * Writes the samples that are missing (`node schemas/samples/write.ts`): for a new record its first, for a changed
 * schema the next version. Existing samples are never touched.
 */
import { RECORD_FILES, type RecordName } from '../generated/record-types.ts';
import { writeMissingSample } from './sample-files.ts';

const names = Object.keys(RECORD_FILES) as RecordName[];
const written = names.filter((name) => writeMissingSample(name));
console.log(written.length === 0 ? 'all samples exist' : `written: ${written.join(', ')}`);
