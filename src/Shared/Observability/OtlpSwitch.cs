using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Observability;

/// <summary>Pushes metrics to the collector in the options, which may change.</summary>
/// <param name="service">The program's name.</param>
/// <param name="version">The program's version.</param>
/// <param name="meter">The meter's name.</param>
/// <param name="logger">Where failures are logged.</param>
public sealed class OtlpSwitch(string service, string version, string meter, ILogger logger) : IDisposable
{
    private readonly Lock _lock = new();
    private OtlpOptions? _options;
    private OtlpPush? _push;

    /// <summary>
    /// Starts, stops or redirects the push. The last figures are first sent to the previous collector, which takes a few seconds at most.
    /// </summary>
    public void Use(OtlpOptions? options)
    {
        lock (_lock)
        {
            if (options == _options)
                return;
            _push?.Dispose();
            _options = options;
            _push = options is null ? null : new OtlpPush(options, service, version, logger, meter);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Use(null);
}
