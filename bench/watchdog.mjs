// Ends the contestants once the bench is gone: a stopped process cannot see that for itself.
import { createInterface } from 'node:readline';

const watched = new Set();

// Lines are "+pid" and "-pid"; their end is the end of the bench, however it came about.
for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) watched.add(pid);
  else watched.delete(pid);
}

for (const pid of watched) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // gone on its own
  }
}
