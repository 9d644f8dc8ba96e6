import type { ServerResponse } from 'node:http';

/** A refusal in the shape of the OpenAI API. `message` is ours or a bounded sentence of the local model server. */
export interface ApiError {
  readonly status: number;
  readonly type: 'invalid_request_error' | 'rate_limit_error' | 'server_error' | 'not_found_error';
  readonly code: string;
  readonly message: string;
  readonly param?: string;
}

export function apiError(error: ApiError): object {
  return { error: { message: error.message, type: error.type, param: error.param ?? null, code: error.code } };
}

export function invalid(message: string, param?: string, code = 'invalid_request'): ApiError {
  return { status: 400, type: 'invalid_request_error', code, message, ...(param === undefined ? {} : { param }) };
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const bytes = Buffer.from(JSON.stringify(body), 'utf8');
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
}

export function sendError(response: ServerResponse, error: ApiError): void {
  sendJson(response, error.status, apiError(error));
}
