// What automation offers to the other rooms and the map.
export type { Background, Working } from './background.ts';
export { GiveUp, type JobHandler, type JobRun, type NewJob } from './jobs/handler.ts';
export type { Jobs } from './jobs/service.ts';
