namespace Tunnel.Shared.Transport.Moving;

/// <summary>What the carrier of a leg sees of it: the carrier's local end and its observer.</summary>
internal interface ILegEndpoint : ILocalEndpoint, IStreamObserver;
