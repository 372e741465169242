using System.Diagnostics;
using System.Net;
using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Soak;

/// <summary>One edge of a soak, which may be ended and started again.</summary>
internal sealed class SoakEdge(Workplace place, byte number, string id, IPAddress address, string transport) : IDisposable
{
    private ProcessGroup _processes = new();
    private Process? _process;

    public byte Number => number;

    public string Id => id;

    public IPAddress Address => address;

    public HubAdmin Admin { get; } = new(place.File($"{id}.sock"));

    public ProcessGroup Processes => _processes;

    public void Start() =>
        TunnelPair.StartEdge(place, id, address, transport, (program, words, log) => _process = _processes.Start(program, words, log));

    /// <summary>Ends the process, in order or not, and starts another one.</summary>
    public async Task RestartAsync(bool inOrder)
    {
        if (inOrder)
        {
            await Rows.Command.RunAsync("kill", "-TERM", $"{_process!.Id}");
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(40));
            await _process.WaitForExitAsync(patience.Token);
        }

        _processes.Dispose();
        _processes = new ProcessGroup();
        Start();
    }

    public void Dispose()
    {
        _processes.Dispose();
        Admin.Dispose();
    }
}
