using Microsoft.Extensions.Logging;

namespace Tunnel.Shared.Observability;

/// <summary>Pushes metrics to where the options say, which may change.</summary>
/// <param name="service">The program's name.</param>
/// <param name="version">Its version.</param>
/// <param name="meter">Name of the meter.</param>
/// <param name="logger">Where failures are told.</param>
public sealed class OtlpSwitch(string service, string version, string meter, ILogger logger) : IDisposable
{
    private readonly Lock _lock = new();
    private OtlpOptions? _options;
    private OtlpPush? _push;

    /// <summary>Starts, stops or goes elsewhere. Sends the last figures to where they went before, for at most seconds.</summary>
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
