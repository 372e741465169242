using System.CommandLine;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Cli;

/// <summary>Connects a command to its work; whatever ends it early becomes lines on standard error and an exit code.</summary>
internal static class CommandAction
{
    public static Command Does(this Command command, CommonOptions options, Func<CommandContext, CancellationToken, Task> work)
    {
        command.SetAction((parse, cancellation) => RunAsync(parse, async () =>
        {
            await work(new CommandContext(parse, options), cancellation);
            return ExitCodes.Fine;
        }));
        return command;
    }

    /// <summary>Runs work that returns an exit code of its own.</summary>
    public static async Task<int> RunAsync(ParseResult parse, Func<Task<int>> work)
    {
        var error = parse.InvocationConfiguration.Error;
        try
        {
            return await work();
        }
        catch (CommandFailedException failed)
        {
            await error.WriteMessageAsync(failed.Message);
            return failed.ExitCode;
        }
        catch (ConfigurationException invalid)
        {
            await error.WriteMessageAsync(invalid.Message);
            return ExitCodes.Usage;
        }
        catch (OperatorException failed)
        {
            await error.WriteMessageAsync(failed.Message);
            return ExitCodes.Failed;
        }
    }
}
