using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Transport;

/// <summary>
/// Which congestion control tunnels use. BBR by default: it keeps the queue of the path short, where CUBIC fills it, and what a tunnel
/// carries besides bulk waits in that queue; and a lost packet is no reason for it to slow down. Over TCP the kernel is asked for it by its
/// name. QUIC has BBR and CUBIC itself: all but <c>bbr</c> means the latter.
/// </summary>
public sealed partial class CongestionControl
{
    /// <summary>What is asked for when nothing else is wanted.</summary>
    public const string Default = "bbr";

    /// <summary>Leaves the choice to the kernel (net.ipv4.tcp_congestion_control).</summary>
    public const string System = "system";

    /// <summary>What a name must be, for error messages.</summary>
    public const string Valid = "must be the kernel's name of a congestion control, such as bbr or cubic (see "
        + "net.ipv4.tcp_available_congestion_control), or system for the kernel's own choice";

    private readonly string _name;
    private readonly byte[] _option;
    private readonly ILogger _logger;
    private int _failed;

    internal CongestionControl(string name, ILoggerFactory loggerFactory)
    {
        _name = name;
        _option = Encoding.ASCII.GetBytes(name);
        _logger = loggerFactory.CreateLogger("Tunnel.Transport");
    }

    /// <summary>BBR is wanted.</summary>
    internal bool IsBbr => _name == Default;

    /// <summary>The kernel limits names to 15 characters (TCP_CA_NAME_MAX).</summary>
    public static bool IsValid(string name) => Name().IsMatch(name);

    /// <summary>The name to ask the kernel for, as the option takes it; empty when the choice is the kernel's own.</summary>
    internal ReadOnlySpan<byte> KernelName => _name == System ? default : _option;

    /// <summary>The kernel does not have it; the log is told once.</summary>
    internal void NoteMissing()
    {
        if (Interlocked.Exchange(ref _failed, 1) == 0)
            TransportLog.NoCongestionControl(_logger, _name);
    }

    [GeneratedRegex(@"^[a-z0-9_]{1,15}\z")]
    private static partial Regex Name();
}
