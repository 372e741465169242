using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Strangers;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting.Awaiting;

/// <summary>Decides who may be spoken to at the port where the hub is awaited, and counts and logs who came there and was no hub.</summary>
/// <param name="allowed">Who may connect; null: anybody.</param>
/// <param name="strangers">Those that are there now.</param>
/// <param name="descriptors">Decides whether there are descriptors for strangers.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class AwaitedStrangers(
    CidrSet? allowed, StrangerRegistry strangers, DescriptorGuard descriptors, TimeProvider time, ILogger logger)
{
    // FailedTries counts pairs of address and edge, and here is one edge only.
    private const string Anybody = "";

    private readonly FailedTries _wrongPins = new(time);

    /// <summary>Counts what came to the port and was none of the hub's.</summary>
    public StrangerCounters Counters { get; } = new();

    /// <summary>Whether a handshake may begin with whoever has just connected; one that may not is counted.</summary>
    public bool MayBeSpokenTo(IPAddress address, Socket socket)
    {
        StrangerKind? fault = allowed?.Contains(address) == false ? StrangerKind.NotAllowed
            : _wrongPins.IsBlocked(address, Anybody) ? StrangerKind.Blocked
            : !strangers.MayKeep(socket.SafeHandle, descriptors) ? StrangerKind.DescriptorLimit
            : null;
        if (fault is { } kind)
            Counters.Count(kind);
        return fault is null;
    }

    /// <summary>Notes a handshake that failed.</summary>
    public void NoteRefused(IPEndPoint remote, DialFailure failure)
    {
        if (failure.Kind != DialFailureKind.WrongCertificate)
        {
            NoteNoHub(remote, failure.Message);
            return;
        }

        Counters.Count(StrangerKind.WrongCertificate);
        if (_wrongPins.AddFailure(remote.Address, Anybody))
            AwaitingLog.Blocked(logger, remote.Address, FailedTries.Period.TotalSeconds);
        else
            AwaitingLog.WrongCertificate(logger, remote, failure.Message);
    }

    /// <summary>Notes a connection that is none of a hub.</summary>
    public void NoteNoHub(IPEndPoint remote, string fault)
    {
        Counters.Count(StrangerKind.NoHub);
        AwaitingLog.NoHub(logger, remote, fault);
    }

    /// <summary>Notes a connection that was not done in time, or had to give way.</summary>
    public void NoteNotInTime(IPEndPoint remote)
    {
        Counters.Count(StrangerKind.NotInTime);
        AwaitingLog.NotInTime(logger, remote);
    }
}
