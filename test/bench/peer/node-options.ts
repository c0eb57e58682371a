/** How the embedded stack starts its services (`infra/embedded/services.ts`); the peer is given a heap of 1 GiB. */
export const NODE_OPTIONS_OF_SERVICES: readonly string[] = [
  '--max-semi-space-size=16',
  '--max-old-space-size=224',
  '--disable-warning=ExperimentalWarning',
];
