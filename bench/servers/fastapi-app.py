"""Login, a protected route and refresh in FastAPI, as its tutorial builds them, on uvicorn.

Prints its port. Ends when its standard input does.
"""

import hashlib
import hmac
import os
import secrets
import socket
import sys
import threading
import time
from urllib.parse import parse_qs

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import OAuth2PasswordBearer

ALGORITHM = "HS256"
SECRET = secrets.token_urlsafe(32)
ACCESS_SECONDS = 24 * 60 * 60
REFRESH_SECONDS = 30 * 24 * 60 * 60

app = FastAPI()
read_bearer = OAuth2PasswordBearer(tokenUrl="login")


def hash_password(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


SALT = secrets.token_bytes(16)
USERS = {"user-0": hash_password("correct horse battery", SALT)}


def create_token(kind: str, username: str, seconds: int) -> str:
    now = int(time.time())
    claims = {
        "sub": username,
        "type": kind,
        "iat": now,
        "exp": now + seconds,
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode(claims, SECRET, algorithm=ALGORITHM)


def create_tokens(username: str) -> dict:
    return {
        "access_token": create_token("access", username, ACCESS_SECONDS),
        "refresh_token": create_token("refresh", username, REFRESH_SECONDS),
        "token_type": "bearer",
    }


def read_token(token: str, kind: str) -> str:
    try:
        claims = jwt.decode(token, SECRET, algorithms=[ALGORITHM])
    except jwt.InvalidTokenError:
        raise HTTPException(401, "The token is refused.", {"WWW-Authenticate": "Bearer"})
    if claims.get("type") != kind:
        raise HTTPException(401, "The token is refused.", {"WWW-Authenticate": "Bearer"})
    return claims["sub"]


async def find_user(token: str = Depends(read_bearer)) -> str:
    return read_token(token, "access")


@app.post("/login")
async def login(request: Request) -> dict:
    form = parse_qs((await request.body()).decode())
    username = form.get("username", [""])[0]
    given = hash_password(form.get("password", [""])[0], SALT)
    if not hmac.compare_digest(USERS.get(username, b""), given):
        raise HTTPException(401, "The credentials are refused.")
    return create_tokens(username)


@app.post("/refresh")
async def refresh(request: Request) -> dict:
    body = await request.json()
    return create_tokens(read_token(body["refresh_token"], "refresh"))


@app.get("/bare")
async def bare() -> dict:
    return {"message": "You are accessing a protected route."}


@app.get("/protected")
async def protected(_user: str = Depends(find_user)) -> dict:
    return {"message": "You are accessing a protected route."}


@app.get("/cpu")
async def cpu() -> dict:
    """What the process used so far, and its event loop alone, in microseconds."""
    return {
        "process": time.process_time_ns() / 1000,
        "eventLoop": time.thread_time_ns() / 1000,
    }


def end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    # Who reads the port may connect at once.
    listener.listen(128)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(app, access_log=False, log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])
