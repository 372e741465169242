using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Transport.Handshake;

/// <summary>The edge's side of the two handshake lines (protocol.md sections 2.2 to 2.4), over any secured connection.</summary>
internal static class EdgeGreeting
{
    /// <summary>Sends the edge's line and reads the hub's answer.</summary>
    /// <param name="stream">The secured connection, or its control stream.</param>
    /// <param name="request">The hub to dial, and the secret.</param>
    /// <param name="cancellationToken">The time limit.</param>
    /// <returns>The configuration and the bytes that came after it, or the failure.</returns>
    public static async Task<(TunnelConfig? Config, ReadOnlyMemory<byte> After, DialResult? Failure)> ExchangeAsync(
        Stream stream, DialRequest request, CancellationToken cancellationToken)
    {
        var line = new byte[EdgeLine.MaxLength];
        var length = EdgeLine.Write(line, request.EdgeId, request.Secret);
        await stream.WriteAsync(line.AsMemory(0, length), cancellationToken);

        var answer = await LineReader.ReadAsync(stream, HubLine.MaxLength, cancellationToken);
        if (answer.Line is not { } text)
            return Broken(request, $"closed the connection without an answer, or its answer is longer than {HubLine.MaxLength} bytes");
        if (!HubLine.TryParse(text.Span, out var config, out var refusal, out var error))
            return Broken(request, $"answered what is not this protocol: {error}");
        return config is null ? (null, default, Refused(request, refusal!)) : (config, answer.After, null);
    }

    private static (TunnelConfig? Config, ReadOnlyMemory<byte> After, DialResult? Failure) Broken(DialRequest request, string what) =>
        (null, default, DialResult.Failed(DialFailureKind.ProtocolError, $"{request.Peer} {what}"));

    private static DialResult Refused(DialRequest request, string refusal) => refusal switch
    {
        HubRefusal.Unauthorized =>
            DialResult.Failed(
                DialFailureKind.Unauthorized,
                $"the hub {request.HostName} refused edge '{request.EdgeId}': unknown id, wrong secret, or disabled. Make a new token at "
                + $"the hub with 'tunnel-hub edge token {request.EdgeId} --host …'"),
        HubRefusal.Busy => DialResult.Failed(DialFailureKind.Busy, $"the hub {request.HostName} is busy"),
        _ => DialResult.Failed(DialFailureKind.ProtocolError, $"the hub {request.HostName} refused: {refusal}"),
    };
}
