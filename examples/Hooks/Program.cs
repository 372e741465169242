using System.Globalization;
using System.Net;
using Examples;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Hooks;

// This code decides about clients: one that comes from 127.0.0.66 is refused, all others go to the upstream that is named here.
var port = int.Parse(args[0], CultureInfo.InvariantCulture);
var upstream = IPEndPoint.Parse(args[1]);
await using var tunnel = new LocalTunnel();
using var hook = tunnel.Hub.AddHook(new Doorman(upstream));
var done = new TaskCompletionSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    done.TrySetResult();
};
await tunnel.StartAsync(port, new PortPolicyDefinition { ProxyProtocol = ProxyProtocol.V2 });
Console.WriteLine($"tcp/{port} leads to {upstream}");
await done.Task;

internal sealed class Doorman(IPEndPoint upstream) : IConnectionHook
{
    public bool ObservesData => true;

    public ValueTask<ConnectionDecision> OnConnectAsync(ConnectionContext context)
    {
        if (context.Client?.Address.ToString() == "127.0.0.66")
            return ValueTask.FromResult(ConnectionDecision.Refuse("it is not welcome"));
        context.AddTlv(0xE8, "gold"u8);
        return ValueTask.FromResult(ConnectionDecision.To(upstream.Address.ToString(), upstream.Port));
    }

    public ValueTask OnDataAsync(ConnectionData data)
    {
        Console.WriteLine($"{(data.IsFromClient ? "client" : "upstream")} byte {data.Offset}: {data.Bytes.Length} bytes");
        return ValueTask.CompletedTask;
    }
}
