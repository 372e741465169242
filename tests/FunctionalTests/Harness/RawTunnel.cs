namespace Tunnel.FunctionalTests.Harness;

/// <summary>One tunnel for all tests of a class, without PROXY headers, with a port for each test.</summary>
public sealed class RawTunnel : IAsyncLifetime
{
    private const int Ports = 24;
    private int _next = -1;

    public TunnelSetup Setup { get; private set; } = null!;

    /// <summary>A port that no other test of the class uses.</summary>
    public int NextPort() => Setup.Tcp[Interlocked.Increment(ref _next)];

    public async ValueTask InitializeAsync() => Setup = await TunnelSetup.StartAsync(tcp: Ports, policies: TunnelSetup.WithoutHeader);

    public ValueTask DisposeAsync() => Setup.DisposeAsync();
}
