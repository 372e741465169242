namespace Tunnel.Shared.Transport;

/// <summary>The figures of a tunnel whose connection was lost, and that goes on over another one.</summary>
/// <param name="Streams">The streams that were open and go on.</param>
/// <param name="BytesAgain">The bytes that this end sends again.</param>
/// <param name="LostFor">The time without a connection, as this end noticed it.</param>
public readonly record struct TunnelResumed(int Streams, long BytesAgain, TimeSpan LostFor);
