using System.Net.Sockets;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.TestUtilities.OpenSsl;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>An edge that is let in and then sends TLS records that carry nothing, as fast as it can, does not hold up the others.</summary>
public sealed class RecordFloodTests
{
    private const int Many = 200_000;

    [Fact]
    public async Task An_edge_that_only_changes_its_keys_is_ended_with_a_reason_and_others_go_on()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var healthy = await setup.OpenAsync(upstream, setup.Tcp[0]);
        Assert.True(ConnectionToken.TryDecode(await setup.Hub.AddEdgeAsync("hostile", [], []), out var token, out _));

        using var hostile = await Task.Run(() => OpenSslPeer.Connect(setup.Hub.EndPoint));
        hostile.Send($"EDGE hostile {token.Secret}\n");
        Assert.Contains("listenPorts", await Task.Run(hostile.ReadLine));
        var flood = Task.Run(() => hostile.UpdateKeys(Many));

        await healthy.AssertEchoAsync();
        Assert.False(await flood.WaitAsync(TimeSpan.FromSeconds(60)));
        await WaitForReasonAsync(setup.Hub);
        await healthy.AssertEchoAsync();
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
    }

    [Fact]
    public async Task A_stranger_whose_handshake_comes_in_countless_records_is_turned_away_before_its_time_is_over()
    {
        await using var setup = await TunnelSetup.StartAsync();
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await stranger.ConnectAsync(setup.Hub.EndPoint);

        // A ClientHello of 256 bytes begins so; each record brings one of its bytes.
        byte[] begin = [22, 3, 1, 0, 4, 1, 0, 1, 0];
        byte[] more = [22, 3, 1, 0, 1, 3];
        await stranger.SendAllAsync((byte[])[.. begin, .. Enumerable.Repeat(more, 200).SelectMany(static bytes => bytes)]);

        await stranger.DrainAsync();
        await WaitForReasonAsync(setup.Hub);
    }

    private static Task WaitForReasonAsync(HubProcess hub) => Eventually.IsTrueAsync(
        () => Task.FromResult(hub.Process.Log.Contains("64 TLS records in a row without content", StringComparison.Ordinal)),
        "the reason in the hub's log",
        explain: () => hub.Process.Log);
}
