using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Tunnel.Shared.Hosting.Logging;

/// <summary>
/// Writes an entry as one of the console logger's own formatters does: which one, and whether addresses are masked, is asked for each entry, so that both
/// can change. Masking works on the finished line, hence also on what an exception or an operating system's message says.
/// </summary>
internal sealed class ServiceLogFormatter(IServiceProvider services, ServiceLog log, bool journal) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "service";

    // Not in the constructor: this is one of them.
    private readonly Lazy<Dictionary<string, ConsoleFormatter>> _formatters =
        new(() => services.GetServices<ConsoleFormatter>().DistinctBy(formatter => formatter.Name).ToDictionary(formatter => formatter.Name));

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var options = log.Options;
        var isJson = options.Format == LogFormat.Json;
        var inner = _formatters.Value[isJson ? ConsoleFormatterNames.Json : journal ? ConsoleFormatterNames.Systemd : ConsoleFormatterNames.Simple];
        if (isJson && journal)
            textWriter.Write(Priority(logEntry.LogLevel));
        if (!options.MaskIp)
        {
            inner.Write(logEntry, scopeProvider, textWriter);
            return;
        }

        using var line = new StringWriter();
        inner.Write(logEntry, scopeProvider, line);
        textWriter.Write(AddressMask.Apply(line.ToString()));
    }

    // As the systemd formatter has them (syslog(3)).
    private static string Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => "<2>",
        LogLevel.Error => "<3>",
        LogLevel.Warning => "<4>",
        LogLevel.Information => "<6>",
        _ => "<7>",
    };
}
