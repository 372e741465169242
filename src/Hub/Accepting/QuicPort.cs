using System.Net;
using System.Net.Sockets;
using Tunnel.Shared.Guarding;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// The tunnel port over UDP, as a run of the hub has it. A process that replaces another one gets it when the last tunnel over QUIC of that
/// one has ended: unlike listening TCP sockets, msquic's can't be handed over, nor shared while they are in use.
/// </summary>
/// <param name="open">Opens the port; null: QUIC is not possible.</param>
/// <param name="time">The clock of the looks at the port.</param>
internal sealed class QuicPort(Func<QuicDoor?> open, TimeProvider time) : IAsyncDisposable
{
    /// <summary>How often the port is looked at while the process before has it.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _ending = new();
    private Task _waiting = Task.CompletedTask;
    private volatile QuicDoor? _door;

    /// <summary>The listener that has the port; null while there is none.</summary>
    public QuicDoor? Door => _door;

    /// <summary>Opens the port at once.</summary>
    public void Open() => _door = open();

    /// <summary>Opens the port once no other process has it.</summary>
    /// <param name="address">The port.</param>
    public void OpenWhenFree(IPEndPoint address)
    {
        _waiting = Task.Run(() => WaitAsync(address, _ending.Token));
        _waiting.Guard("waiting for the UDP port");
    }

    /// <summary>Closes the port for new connections, and looks no further.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // What comes later, such as a change of the certificate while the hub drains, finds no port.
        if (_door is { } door)
        {
            _door = null;
            await door.DisposeAsync();
        }

        _ending.Dispose();
    }

    /// <summary>Whether no other socket is bound to a UDP port.</summary>
    internal static bool IsFree(IPEndPoint address)
    {
        // The probe does without SO_REUSEPORT, which msquic uses: with it the kernel would give packets of the other process's connections
        // to this one.
        using var probe = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
                probe.DualMode = address.Address.Equals(IPAddress.IPv6Any);
            probe.Bind(address);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task WaitAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        while (!IsFree(address))
            await Task.Delay(Interval, time, cancellationToken);
        Open();
    }
}
