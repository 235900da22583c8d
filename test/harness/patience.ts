/**
 * How many times longer than usual this machine may take: an emulated one sets BERTH_TEST_PATIENCE. What passes does
 * not wait, so that the usual times are already long for a busy machine.
 */
const factor = Number(process.env['BERTH_TEST_PATIENCE'] ?? 1);

/** Milliseconds in which a command ends. */
export const commandPatience = 120_000 * factor;

/** Milliseconds for what comes by itself. */
export const eventPatience = 60_000 * factor;
