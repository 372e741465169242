using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Tunnel.Shared.Text;

namespace Tunnel.Shared.Hosting.Logging;

/// <summary>
/// Writes an entry with one of the console logger's own formatters. The formatter and the masking of addresses are looked up for each
/// entry, so that both can change. Masking works on the finished line, so it covers what an exception or an operating system's message says
/// too.
/// </summary>
internal sealed class ServiceLogFormatter(IServiceProvider services, ServiceLog log, bool journal) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "service";

    // This can't be done in the constructor, because this formatter is one of them.
    private readonly Lazy<Dictionary<string, ConsoleFormatter>> _formatters =
        new(() => services.GetServices<ConsoleFormatter>().DistinctBy(formatter => formatter.Name).ToDictionary(
            formatter => formatter.Name));

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var options = log.Options;
        var isJson = options.Format == LogFormat.Json;
        var inner =
            _formatters.Value[isJson ? ConsoleFormatterNames.Json : journal ? ConsoleFormatterNames.Systemd : ConsoleFormatterNames.Simple];
        if (isJson && journal)
            textWriter.Write(Priority(logEntry.LogLevel));
        var entry = isJson ? logEntry : Harmless(logEntry);
        if (!options.MaskIp)
        {
            inner.Write(entry, scopeProvider, textWriter);
            return;
        }

        using var line = new StringWriter();
        inner.Write(entry, scopeProvider, line);
        textWriter.Write(AddressMask.Apply(line.ToString()));
    }

    // An entry holds words of peers, and a terminal may show it. The formatters put text of several lines onto one.
    private static LogEntry<TState> Harmless<TState>(in LogEntry<TState> entry)
    {
        var formatter = entry.Formatter;
        return new LogEntry<TState>(
            entry.LogLevel,
            entry.Category,
            entry.EventId,
            entry.State,
            entry.Exception,
            (state, exception) => TerminalText.EscapeLines(formatter(state, exception)));
    }

    // The systemd formatter uses the same priorities (syslog(3)).
    private static string Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => "<2>",
        LogLevel.Error => "<3>",
        LogLevel.Warning => "<4>",
        LogLevel.Information => "<6>",
        _ => "<7>",
    };
}
