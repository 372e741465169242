using Tunnel.Shared.Transport.Streams;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>Opens a stream of a tunnel itself.</summary>
internal delegate IStreamCarrier? OpenCarrier<in T>(T tunnel, in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer);
