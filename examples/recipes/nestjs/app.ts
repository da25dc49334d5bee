import 'reflect-metadata';
import { Controller, Get, Module, Req, type Type, UseGuards } from '@nestjs/common';
import type { AuthenticatedUser, Guard } from 'latchkey/guard';
import { LatchkeyGuard } from './latchkey.guard.ts';

@Controller()
class OrdersController {
  @Get('/')
  open() {
    return { message: 'Everybody may read this.' };
  }

  @Get('/hello')
  @UseGuards(LatchkeyGuard)
  hello(@Req() request: { user: AuthenticatedUser }) {
    return { message: `Hello, ${request.user.username}.` };
  }
}

export function createAppModule(guard: Guard): Type {
  @Module({
    controllers: [OrdersController],
    providers: [LatchkeyGuard, { provide: 'latchkey', useValue: guard }],
  })
  class AppModule {}
  return AppModule;
}
