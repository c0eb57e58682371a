/** Secrets of one state folder, made once and kept readable by their owner only. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Secrets = z.object({ gatewayApiKey: z.string().min(16), paymentSecret: z.string().min(16) });

export type Secrets = z.infer<typeof Secrets>;

export function secretsOf(stateDir: string): Secrets {
  const file = join(stateDir, 'secrets.json');
  if (existsSync(file)) return Secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  const made = {
    gatewayApiKey: randomBytes(24).toString('hex'),
    paymentSecret: randomBytes(24).toString('hex'),
  };
  writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  return made;
}
