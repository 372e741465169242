using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.Transport.Mux.Frames;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Mux;

/// <summary>
/// Sends what the scheduler chooses. There is no writer task and no queue of frames: a thread that has made work and finds no flush under
/// way flushes; all others return at once, and their work goes into the next batch (<see cref="FrameBatch"/>).
/// </summary>
internal sealed class FrameWriter
{
    private readonly MuxCore _core;
    private readonly FrameBatch _frames;
    private readonly IFrameConnection _connection;
    private readonly Action _flush;

    public FrameWriter(MuxCore core, FrameBatch frames, IFrameConnection connection)
    {
        _core = core;
        _frames = frames;
        _connection = connection;
        _flush = () => _ = FlushAsync();
    }

    /// <summary>Does what <see cref="IMuxCarrier.Send"/> says.</summary>
    public void Send()
    {
        // All events that are ready are handled first, so that the resulting frames leave in one batch.
        if (_connection.Loop.IsCurrent)
            _connection.Loop.Post(_flush);
        else
            _ = FlushAsync();
    }

    private async Task FlushAsync()
    {
        try
        {
            _connection.Gathering?.Cork();
            while (true)
            {
                var batch = _frames.Next();
                if (batch.IsEmpty)
                {
                    if (TryEnd())
                        break;
                    continue;
                }

                for (var offset = 0; offset < batch.Length; offset += TlsRecord.ContentSize)
                    await _connection.WriteAsync(batch.Slice(offset, Math.Min(TlsRecord.ContentSize, batch.Length - offset)));

                var sending = _connection.Gathering?.SendGatheredAsync() ?? ValueTask.CompletedTask;
                if (!sending.IsCompleted)
                {
                    await sending;
                    _frames.OnSent();
                    continue;
                }

                sending.GetAwaiter().GetResult();
                _frames.OnSent();
                if (TryEnd())
                    break;

                // Other sockets have their turn after each batch that was sent without a wait.
                await _connection.Loop.Yield();
            }
        }
        catch (Exception e)
        {
            // Note the end first, so that nobody starts to send behind half a frame. Any exception that is not a loss is a defect in this
            // program.
            if (TlsConnection.IsLoss(e))
                _core.Events.OnEnded(new TunnelEnd(TunnelEndKind.ConnectionLost, $"sending failed: {e.Message}"));
            else
                _core.Events.OnBug(e);
            lock (_core.Sync)
                EndSending();
        }
    }

    private bool TryEnd()
    {
        lock (_core.Sync)
        {
            if (_core.HasWork)
                return false;
            _connection.Gathering?.Uncork();
            EndSending();
            return true;
        }
    }

    // Another connection may be used as soon as that is noted.
    private void EndSending()
    {
        _frames.Release();
        _core.EndSending();
    }
}
