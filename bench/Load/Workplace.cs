using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Bench.Load;

/// <summary>A directory of the run's own, free ports, and the paths of the programs that are measured.</summary>
internal sealed class Workplace : IDisposable
{
    private static int _count;

    public Workplace(string root)
    {
        Root = root;
        Directory.CreateDirectory(Temp);
    }

    /// <summary>The root of the checkout.</summary>
    public string Root { get; }

    public string Temp { get; } = Path.Combine(
        Path.GetTempPath(), $"tunnel-bench-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");

    /// <summary>Whether the native programs are measured, which <c>./tunnel package</c> and <c>./tunnel test --native</c> make.</summary>
    public bool IsNative { get; init; }

    public string Hub => Program("Hub", "tunnel-hub");

    public string Edge => Program("Edge", "tunnel-edge");

    public string File(string name, string? content = null)
    {
        var path = Path.Combine(Temp, name);
        if (content is not null)
            System.IO.File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Returns a port that is free on all loopback addresses now.</summary>
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Waits until something listens.</summary>
    /// <param name="address">The address that is tried again and again.</param>
    /// <param name="patience">How long it is waited for; ten seconds without.</param>
    public static async Task WaitForAsync(IPEndPoint address, TimeSpan? patience = null)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(address);
                return;
            }
            catch (SocketException) when (clock.Elapsed < (patience ?? TimeSpan.FromSeconds(10)))
            {
                await Task.Delay(50);
            }
        }
    }

    public void Dispose() => Directory.Delete(Temp, recursive: true);

    private string Program(string project, string name) =>
        Path.Combine(Root, IsNative ? "artifacts/native" : $"src/{project}/bin/Release/net10.0", name);
}
