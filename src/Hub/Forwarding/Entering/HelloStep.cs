using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets;
using Tunnel.Shared.Protocol.Sni;
using Tunnel.Shared.Relay;

namespace Tunnel.Hub.Forwarding.Entering;

/// <summary>
/// Reads the message that TLS begins with, at a port with <c>tls</c>: which name the client asks for decides where it is led. The bytes
/// are kept, and go on as they came.
/// </summary>
internal sealed class HelloStep(TimeProvider time)
{
    /// <summary>How long a client may take for its first message.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>How many clients may be waited for at once; each has at most 16 KiB here.</summary>
    public const int MaxWaiting = 4_096;

    private readonly HelloPlaces _places = new(MaxWaiting);

    /// <summary>Returns why the client is refused; null when it is not. Throws when the client is gone.</summary>
    /// <param name="visit">The client.</param>
    /// <param name="tls">What the port does with TLS.</param>
    /// <param name="gone">Fires when the client is gone.</param>
    public async Task<StreamFailure?> TakeAsync(StreamVisit visit, TlsDefinition tls, CancellationToken gone)
    {
        var held = visit.Hold(ClientHelloReader.MaxLength);
        var reader = new ClientHelloReader();
        var status = reader.Read(held.Held.Span);
        if (status == ClientHelloStatus.Incomplete)
        {
            using var patience = new CancellationTokenSource(Limit, time);
            using var place = _places.Take(patience);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(gone, patience.Token);
            try
            {
                status = await WaitAsync(held, reader, end.Token);
            }
            catch (OperationCanceledException) when (!gone.IsCancellationRequested)
            {
                return place.WasTaken ? StreamFailure.TooManyHandshakes : StreamFailure.HelloTimeout;
            }
        }

        if (reader.Hello is not { } hello)
        {
            return status switch
            {
                ClientHelloStatus.TooLong => StreamFailure.HelloTooLong,
                ClientHelloStatus.Incomplete => StreamFailure.ClientGone,
                _ => StreamFailure.NotTls,
            };
        }

        visit.ServerName = hello.ServerName;
        visit.Fields = visit.Fields with
        {
            ServerName = hello.ServerName,
            Protocol = !tls.Terminates && hello.Protocols is [var only] ? only : null,
        };
        visit.Route = visit.Policy.Routes?.Find(hello.ServerName);
        return tls is { StrictSni: true, Terminates: false } && visit.Route is null ? StreamFailure.UnknownName : null;
    }

    // Returns that it is incomplete when no more will come.
    private static async Task<ClientHelloStatus> WaitAsync(HeldEndpoint held, ClientHelloReader reader, CancellationToken end)
    {
        while (true)
        {
            var bytes = held.Held;
            var status = reader.Read(bytes.Span);
            if (status != ClientHelloStatus.Incomplete)
                return status;
            await held.WaitAsync(bytes.Length, end);
            if (held.Held.Length == bytes.Length)
                return status;
        }
    }
}
