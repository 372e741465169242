namespace Tunnel.Shared.Transport.Moving;

/// <summary>Opens a stream of a tunnel itself.</summary>
internal delegate ITunnelStream? OpenCarrier<in T>(T tunnel, in StreamOpening opening, ILocalEndpoint endpoint, IStreamObserver? observer);
