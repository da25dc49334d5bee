/** As much of passport-jwt as is used here; its own types bring those of passport. */
import type { KeyObject } from 'node:crypto';
import type { Request } from 'express';

type ReadToken = (request: Request) => string | null;

export declare const ExtractJwt: { fromAuthHeaderAsBearerToken(): ReadToken };

export declare class Strategy {
  constructor(
    options: {
      readonly jwtFromRequest: ReadToken;
      readonly secretOrKey: string | KeyObject;
      readonly algorithms: readonly string[];
    },
    verify: (claims: object, done: (error: null, user: object) => void) => void,
  );
}
