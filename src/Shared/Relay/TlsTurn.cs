using System.Net.Security;

namespace Tunnel.Shared.Relay;

/// <summary>
/// Keeps what reads from a TLS session and the end of its other direction apart. <see cref="SslStream"/> lets one thread read while another
/// writes, but not while it ends writing: OpenSSL refuses that beside a read that takes a session ticket or a new key ("shutdown while in
/// init"), and may be used by both threads at once.
/// </summary>
/// <remarks>
/// Whoever reads has the turn from the handshake on, and leaves it while it waits for the peer's bytes (the stream below the session does
/// that) and while it passes on what it has read.
/// </remarks>
public sealed class TlsTurn
{
    private readonly SemaphoreSlim _free = new(0);

    /// <summary>Lets another have the turn.</summary>
    public void Leave() => _free.Release();

    /// <summary>Waits until nobody has the turn, and takes it.</summary>
    public Task EnterAsync() => _free.WaitAsync();

    /// <summary>Ends writing (close_notify) when nobody reads.</summary>
    public async Task EndAsync(SslStream tls)
    {
        await EnterAsync();
        Task ending;
        try
        {
            // What it does with the session is done when it returns; then it may wait for a peer that takes nothing.
            ending = tls.ShutdownAsync();
        }
        finally
        {
            Leave();
        }

        await ending;
    }
}
