// What people and the panel do, sent to the page's server. "" or a sentence comes back, and what the app answered.
import type { World } from "./types";

export interface Outcome {
  error: string;
  body?: any;
}

const GONE = "The demo cannot be reached. Is it still running? Start it again with: make demo";

async function post(path: string, given: object): Promise<Outcome> {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(given),
    });
    return (await answer.json()) as Outcome;
  } catch {
    return { error: GONE };
  }
}

export const act = (what: string, given: object): Promise<Outcome> => post(`/api/act/${what}`, given);
export const steer = (what: string, given: object): Promise<Outcome> => post(`/api/panel/${what}`, given);

export async function worlds(): Promise<World[]> {
  try {
    return await (await fetch("/api/worlds")).json();
  } catch {
    return [];
  }
}
