// NestJS: a guard for controllers and routes: @UseGuards(LatchkeyGuard).
import {
  type CanActivate,
  type ExecutionContext,
  HttpException,
  Inject,
  Injectable,
} from '@nestjs/common';
import { errorResponse, type Guard } from 'latchkey/guard';

@Injectable()
export class LatchkeyGuard implements CanActivate {
  constructor(@Inject('latchkey') private readonly guard: Guard) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest();
    try {
      request.user = await this.guard.authenticate(request);
      return true;
    } catch (error) {
      const refusal = errorResponse(error);
      for (const [name, value] of refusal.headers) http.getResponse().header(name, value);
      throw new HttpException((await refusal.json()) as object, refusal.status);
    }
  }
}
