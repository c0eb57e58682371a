/** Preloaded into a service process: its wall clock is off by `CLOCK_SHIFT_MS`. */
const shiftMs = Number(process.env['CLOCK_SHIFT_MS']);
const { now } = Date;
Date.now = () => now() + shiftMs;
