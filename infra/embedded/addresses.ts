/** Where the services of a running system listen: written when they are up, read by the command line. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Addresses = z.object({ gatewayUrl: z.url(), consoleUrl: z.url() });

export type Addresses = z.infer<typeof Addresses>;

function fileIn(stateDir: string): string {
  return join(stateDir, 'addresses.json');
}

export function writeAddresses(stateDir: string, addresses: Addresses): void {
  writeFileSync(fileIn(stateDir), `${JSON.stringify(addresses, null, 2)}\n`);
}

/** Null before the first start; says nothing about whether the services still run. */
export function readAddresses(stateDir: string): Addresses | null {
  const file = fileIn(stateDir);
  return existsSync(file) ? Addresses.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;
}
