"""``faust -A app init-topics``: create the topics that are missing, and check all."""

from typing import Any

from app.admin import create_topics, wait_for_broker
from app.commands.console import ConsoleCommand, Interrupt
from app.settings import load_settings


class init_topics(ConsoleCommand):  # noqa: N801 its name is the command's
    """Create the topics that are missing, and check all.

    Inputs, too. What is there and not as it must be is told with what to do, and not changed.
    """

    async def execute_alone(self, interrupt: Interrupt, **options: Any) -> None:
        """Create and check."""
        settings = load_settings()
        if not await wait_for_broker(settings, self.say, interrupt.__bool__):
            return
        created = await create_topics(settings)
        self.say(f"Created {', '.join(created)}." if created else "All topics are there.")
