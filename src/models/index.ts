export { choosePool, type Pool } from './pool.ts';
export { MODEL_LIMITS, type ModelLimits } from './model-limits.ts';
export { parseChatRequest, type ChatRequest } from './chat-request.ts';
export { serveModel, type ModelListener, type ServeModelOptions } from './serve-model.ts';
export { watchSockets, type SocketWatch, type WatchOptions } from './watch-sockets.ts';
