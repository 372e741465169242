using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Transport;

/// <summary>
/// Which congestion control tunnels use. The default is BBR: it keeps the queue of the path short, where CUBIC fills it and delays all that
/// a tunnel carries besides bulk; and it does not slow down for a lost packet. Over TCP the kernel is asked for it by name. QUIC implements
/// BBR and CUBIC itself: every name but <c>bbr</c> means CUBIC.
/// </summary>
public sealed partial class CongestionControl
{
    /// <summary>The name that is used unless another is configured.</summary>
    public const string Default = "bbr";

    /// <summary>Leaves the choice to the kernel (net.ipv4.tcp_congestion_control).</summary>
    public const string System = "system";

    /// <summary>Says in error messages what a valid name is.</summary>
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

    /// <summary>True when BBR is configured.</summary>
    internal bool IsBbr => _name == Default;

    /// <summary>Whether a name is valid: 1 to 15 characters (the kernel's TCP_CA_NAME_MAX) from a-z, 0-9 and _.</summary>
    public static bool IsValid(string name) => Name().IsMatch(name);

    /// <summary>The name as the kernel's socket option takes it; empty when the kernel chooses.</summary>
    internal ReadOnlySpan<byte> KernelName => _name == System ? default : _option;

    /// <summary>Notes that the kernel does not offer this congestion control; logged once.</summary>
    internal void NoteMissing()
    {
        if (Interlocked.Exchange(ref _failed, 1) == 0)
            TransportLog.NoCongestionControl(_logger, _name);
    }

    [GeneratedRegex(@"^[a-z0-9_]{1,15}\z")]
    private static partial Regex Name();
}
