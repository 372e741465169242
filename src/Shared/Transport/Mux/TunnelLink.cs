using System.Net;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// The connection that carries a tunnel at present, with what reads and writes it. When it is lost the tunnel may get another one.
/// </summary>
internal sealed class TunnelLink
{
    private readonly FrameReader _reader;
    private readonly FrameWriter _writer;
    private readonly Task<ReadOnlyMemory<byte>> _received;

    /// <param name="endpoint">The end of the mux that it carries.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="received">What was read of it before, as soon as that is known.</param>
    public TunnelLink(MuxEndpoint endpoint, IFrameConnection connection, Task<ReadOnlyMemory<byte>> received)
    {
        Connection = connection;
        Remote = connection.Remote;
        Doubt = new PeerDoubt(endpoint.Core.Context.NowMilliseconds);
        _received = received;
        _reader = new FrameReader(endpoint.Core, connection, endpoint.Frames);
        _writer = new FrameWriter(endpoint.Core, endpoint.Batch, connection);
    }

    public IFrameConnection Connection { get; }

    public IPEndPoint Remote { get; }

    /// <summary>Edge: whether the hub still answers over it.</summary>
    public PeerDoubt Doubt { get; }

    /// <inheritdoc cref="Core.IMuxCarrier.Send"/>
    public void Send() => _writer.Send();

    /// <summary>Reads until the connection ends or the mux stops reading, as <see cref="FrameReader.RunAsync"/> says.</summary>
    /// <param name="isFirst">True at the first call.</param>
    public async Task<TunnelEnd?> ReadAsync(bool isFirst)
    {
        if (isFirst)
            _reader.Begin(await _received);
        return await _reader.RunAsync();
    }

    /// <summary>Gives the connection to another end of a mux, which goes on where this one stops.</summary>
    /// <param name="other">The other end.</param>
    /// <param name="reading">Completes when nothing is read here any more.</param>
    public TunnelLink HandTo(MuxEndpoint other, Task reading) => new(other, Connection, TakeRestAsync(reading));

    /// <summary>Closes the connection without a word.</summary>
    public void Close() => CloseAsync().Guard("closing a lost connection");

    private async Task CloseAsync() => await Connection.DisposeAsync();

    private async Task<ReadOnlyMemory<byte>> TakeRestAsync(Task reading)
    {
        await reading;
        return _reader.TakeRest();
    }
}
