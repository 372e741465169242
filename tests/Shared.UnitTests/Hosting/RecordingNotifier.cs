using System.Threading.Channels;
using Tunnel.Shared.Hosting;

namespace Tunnel.Shared.UnitTests.Hosting;

/// <summary>A service manager that remembers what it was told, in order.</summary>
internal sealed class RecordingNotifier : IServiceNotifier
{
    private readonly Channel<string> _told = Channel.CreateUnbounded<string>();

    public TimeSpan? WatchdogInterval { get; init; }

    public void Ready(string status) => _told.Writer.TryWrite("READY " + status);

    public void Status(string status) => _told.Writer.TryWrite("STATUS " + status);

    public void Stopping(string status) => _told.Writer.TryWrite("STOPPING");

    public void MainProcess(int id) => _told.Writer.TryWrite($"MAINPID {id}");

    public void Watchdog() => _told.Writer.TryWrite("WATCHDOG");

    public async Task<string> NextAsync() =>
        await _told.Reader.ReadAsync(CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(10));

    public bool TryNext(out string? told) => _told.Reader.TryRead(out told);
}
