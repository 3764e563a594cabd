// Shortcodes of Slack that incident channels use. A name that is not here stays as text, as in Slack.

const table = `
large_green_circle 🟢 large_yellow_circle 🟡 large_orange_circle 🟠 large_blue_circle 🔵 large_purple_circle 🟣
large_brown_circle 🟤 red_circle 🔴 white_circle ⚪ black_circle ⚫ large_green_square 🟩 large_yellow_square 🟨
large_orange_square 🟧 large_red_square 🟥 large_blue_square 🟦 white_large_square ⬜ black_large_square ⬛
warning ⚠️ white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎
no_entry ⛔ no_entry_sign 🚫 octagonal_sign 🛑 exclamation ❗ heavy_exclamation_mark ❗ question ❓ grey_question ❔
bangbang ‼️ interrobang ⁉️ information_source ℹ️ rotating_light 🚨 sos 🆘 fire 🔥 boom 💥 collision 💥 zap ⚡ ambulance 🚑 fire_engine 🚒
chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 bar_chart 📊 chart 💹 mag 🔍 mag_right 🔎 microscope 🔬 telescope 🔭
bell 🔔 no_bell 🔕 mute 🔇 loud_sound 🔊 sound 🔉 speaker 🔈 mega 📣 loudspeaker 📢 satellite_antenna 📡
clock1 🕐 clock2 🕑 clock3 🕒 clock4 🕓 clock5 🕔 clock6 🕕 clock9 🕘 clock10 🕙 clock12 🕛 alarm_clock ⏰ stopwatch ⏱️ timer_clock ⏲️
hourglass ⌛ hourglass_flowing_sand ⏳ watch ⌚ calendar 📆 date 📅 spiral_calendar_pad 🗓️ new 🆕 ok 🆗 up 🆙 cool 🆒 free 🆓
arrow_up ⬆️ arrow_down ⬇️ arrow_right ➡️ arrow_left ⬅️ arrow_upper_right ↗️ arrow_lower_right ↘️ arrow_up_down ↕️
arrows_counterclockwise 🔄 arrows_clockwise 🔃 repeat 🔁 small_red_triangle 🔺 small_red_triangle_down 🔻 arrow_up_small 🔼 arrow_down_small 🔽
arrow_forward ▶️ pause_button ⏸️ double_vertical_bar ⏸️ black_square_for_stop ⏹️ fast_forward ⏩ rewind ⏪
small_blue_diamond 🔹 small_orange_diamond 🔸 large_blue_diamond 🔷 large_orange_diamond 🔶 heavy_minus_sign ➖ heavy_plus_sign ➕ wavy_dash 〰️
gear ⚙️ wrench 🔧 hammer 🔨 hammer_and_wrench 🛠️ nut_and_bolt 🔩 link 🔗 lock 🔒 unlock 🔓 key 🔑 shield 🛡️ electric_plug 🔌 battery 🔋
package 📦 rocket 🚀 construction 🚧 traffic_light 🚦 vertical_traffic_light 🚦 bug 🐛 computer 💻 desktop_computer 🖥️ iphone 📱 telephone_receiver 📞
floppy_disk 💾 file_folder 📁 open_file_folder 📂 page_facing_up 📄 clipboard 📋 memo 📝 pencil 📝 pencil2 ✏️ pushpin 📌 round_pushpin 📍 paperclip 📎
bookmark 🔖 label 🏷️ scroll 📜 books 📚 newspaper 📰 envelope ✉️ email 📧 inbox_tray 📥 outbox_tray 📤 incoming_envelope 📨 credit_card 💳
money_with_wings 💸 shopping_trolley 🛒 globe_with_meridians 🌐 earth_americas 🌎 earth_africa 🌍 earth_asia 🌏 house 🏠 office 🏢 hospital 🏥
sunny ☀️ partly_sunny ⛅ cloud ☁️ rain_cloud 🌧️ thunder_cloud_and_rain ⛈️ lightning 🌩️ snowflake ❄️ rainbow 🌈 ocean 🌊 crescent_moon 🌙 zzz 💤
eyes 👀 wave 👋 +1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 clap 👏 raised_hands 🙌 pray 🙏 ok_hand 👌 muscle 💪 point_right 👉 point_left 👈 point_up ☝️
raised_hand ✋ handshake 🤝 smile 😄 slightly_smiling_face 🙂 grinning 😀 joy 😂 thinking_face 🤔 neutral_face 😐 confused 😕 worried 😟 cry 😢 sob 😭
sweat_smile 😅 scream 😱 sleeping 😴 face_palm 🤦 shrug 🤷 robot_face 🤖 ghost 👻 skull 💀 tada 🎉 sparkles ✨ star ⭐ star2 🌟 dart 🎯 bulb 💡 trophy 🏆
heart ❤️ green_heart 💚 yellow_heart 💛 broken_heart 💔 100 💯 speech_balloon 💬 thought_balloon 💭 busts_in_silhouette 👥 bust_in_silhouette 👤
male-technologist 👨‍💻 female-technologist 👩‍💻 technologist 🧑‍💻 coffee ☕ beers 🍻 pager 📟 broom 🧹 thermometer 🌡️ level_slider 🎚️ control_knobs 🎛️
one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ six 6️⃣ seven 7️⃣ eight 8️⃣ nine 9️⃣ zero 0️⃣`;

const words = table.trim().split(/\s+/);

/** emoji :: shortcode without colons -> character. */
export const emoji = new Map();
for (let i = 0; i + 1 < words.length; i += 2) emoji.set(words[i], words[i + 1]);
