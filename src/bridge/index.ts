export { encodeFrame, FrameDecoder, WIRE_FRAME_LIMITS, type FrameLimits } from './frame.ts';
export {
  FrameConnection,
  WIRE_CONNECTION_LIMITS,
  type ConnectionEvents,
  type ConnectionLimits,
  type Frame,
} from './connection.ts';
export { listenFrames, SOCKET_PATH_BYTES_MAX, type Listener, type ListenOptions } from './server.ts';
export { errorFrame, serveFrames, type RequestContext, type ServeOptions } from './requests.ts';
export { connectFrames, openSocket, RequestClient, type ConnectOptions } from './client.ts';
