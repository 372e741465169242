using Microsoft.Extensions.Logging;
using Tunnel.Shared.Configuration;

namespace Tunnel.Shared.Hosting.Logging;

/// <summary>How a service logs.</summary>
/// <param name="Level">The lowest level that is logged.</param>
/// <param name="Format">The format of a line.</param>
/// <param name="MaskIp">Whether addresses lose their last part before they are written.</param>
public sealed record LogOptions(LogLevel Level = LogLevel.Information, LogFormat Format = LogFormat.Console, bool MaskIp = false)
{
    /// <summary>The names of the settings; all can change while the service runs.</summary>
    public static readonly IReadOnlyList<string> Settings = ["logLevel", "logFormat", "logMaskIp"];

    /// <summary>Reads <c>logLevel</c>, <c>logFormat</c> and <c>logMaskIp</c>.</summary>
    public static LogOptions Read(LayeredConfiguration configuration) => new(
        configuration.LogLevel("logLevel", LogLevel.Information),
        configuration.Enum("logFormat", LogFormat.Console),
        configuration.Boolean("logMaskIp", false));
}

/// <summary>The format of a log line.</summary>
public enum LogFormat
{
    /// <summary>Text for people; under systemd with the journal's priority.</summary>
    Console,

    /// <summary>One JSON object a line.</summary>
    Json,
}
